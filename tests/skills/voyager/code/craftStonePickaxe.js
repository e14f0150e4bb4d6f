async function craftStonePickaxe(bot) {
  if (countItem(bot, "cobblestone") < 3) await mineCobblestone(bot, 3);
  await placeTableNearby(bot);
  await craftItem(bot, "stone_pickaxe", 1);
  await equipPickaxe(bot);
}

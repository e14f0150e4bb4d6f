async function craftWoodenPickaxe(bot) {
  await placeTableNearby(bot);
  while (countItem(bot, "stick") < 2) await craftSticks(bot);
  while (countItem(bot, "oak_planks") < 3) await craftPlanks(bot);
  await craftItem(bot, "wooden_pickaxe", 1);
}

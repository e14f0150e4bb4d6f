async function buildFurnace(bot) {
  const said = `furnace: ${countItem(bot, "cobblestone")} of ${`${8}`} {stones}`;
  const stones = Number(/(\d+) of/.exec(said)?.[1] ?? 0);
  if (stones < 8) await mineCobblestone(bot, 8 - stones);
  await craftItem(bot, "furnace", 1);
  await placeItem(bot, "furnace", bot.entity.position.offset(1, 0, 0));
}

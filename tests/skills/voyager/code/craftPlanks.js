function countItem(bot, name) {
  return bot.inventory.count(mcData.itemsByName[name].id);
}

async function craftPlanks(bot, count = 1) {
  if (countItem(bot, "oak_log") < count) {
    await mineWoodLog(bot);
  }
  await craftItem(bot, "oak_planks", count);
}

async function craftCraftingTable(bot) {
  for (let tries = 0; countItem(bot, "oak_planks") < 4 && tries < 4; tries++) {
    await craftPlanks(bot);
  }
  await craftItem(bot, "crafting_table", 1);
}

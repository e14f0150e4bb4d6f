async function craftSticks(bot) {
  // Two planks give four sticks.
  if (countItem(bot, "oak_planks") < 2) {
    await craftPlanks(bot);
  }
  await craftItem(bot, "stick", 1);
}

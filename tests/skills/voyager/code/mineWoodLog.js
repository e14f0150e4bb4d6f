async function mineWoodLog(bot) {
  // The first try: oak only.
  await mineBlock(bot, "oak_log", 1);
}

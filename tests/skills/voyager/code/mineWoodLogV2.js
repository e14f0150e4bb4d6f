// Any log will do.
async function mineWoodLog(bot) {
  const kinds = ["oak_log", "birch_log", "spruce_log"];
  const block = await exploreUntil(bot, new Vec3(1, 0, 1), 60, () =>
    bot.findBlock({ matching: (found) => kinds.includes(found.name), maxDistance: 32 })
  );
  if (!block) {
    bot.chat("No log in sight.");
    return;
  }
  await mineBlock(bot, block.name, 1);
  bot.chat(`Mined ${block.name}.`);
}

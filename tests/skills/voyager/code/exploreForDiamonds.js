async function exploreForDiamonds(bot) {
  const directions = [new Vec3(1, 0, 0), new Vec3(0, 0, 1)];
  for (const [index, direction] of directions.entries()) {
    const found = await exploreUntil(bot, direction, 30, () =>
      bot.findBlocks({ matching: (block) => block?.name?.includes("diamond_ore"), maxDistance: 32, count: 1 })[0]
    );
    if (found) return found;
    bot.chat(`Nothing in direction ${index + 1} of ${directions.length}`);
  }
  return null;
}

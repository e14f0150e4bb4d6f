async function digShelter(bot) {
  // A shelter is { deep, dark } }}} and "never closed
  const depth = 2; // }
  for (let level = 1; level <= depth; level++) {
    const below = bot.blockAt(bot.entity.position.offset(0, -1, 0));
    if (!below || below.name === "bedrock") break; /* { */
    await bot.dig(below);
  }
}

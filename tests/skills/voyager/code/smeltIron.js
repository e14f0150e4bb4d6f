async function smeltIron(bot, { ore = "raw_iron", fuel = "oak_planks", count = 1 } = {}) {
  /* The furnace must stand: } is no end here, nor is `this`. */
  const furnace = bot.findBlock({ matching: mcData.blocksByName["furnace"].id, maxDistance: 8 });
  if (!furnace) await buildFurnace(bot);
  await smeltItem(bot, ore, fuel, count);
}

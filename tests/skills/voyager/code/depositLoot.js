async function depositLoot(bot) {
  const chest = bot.findBlock({ matching: mcData.blocksByName.chest.id, maxDistance: 16 });
  if (!chest) return bot.chat("There is no chest here.");
  const loot = Object.fromEntries(
    bot.inventory.items().filter(({ name }) => !name.endsWith("_pickaxe")).map(({ name, count }) => [name, count])
  );
  await depositItemIntoChest(bot, chest.position, loot);
  await checkItemInsideChest(bot, chest.position);
}

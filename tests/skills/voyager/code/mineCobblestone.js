async function equipPickaxe(bot) {
  const pickaxe = bot.inventory.items().find((item) => /^(wooden|stone|iron)_pickaxe$/.test(item.name));
  if (!pickaxe) throw new Error("I need a pickaxe: { wooden, stone or iron }");
  await bot.equip(pickaxe, "hand");
}

async function mineCobblestone(bot, count = 3) {
  await equipPickaxe(bot);
  await mineBlock(bot, "stone", count);
}

async function feedFire(bot, deep = true) {
  if (deep && !(await gatherFuel(bot, false))) return false;
  return bot.inventory.items().find((item) => isFuel(item.name)) ?? null;
}

function isFuel(name) {
  return name === "coal" || name.endsWith("_planks");
}

async function gatherFuel(bot, deep = true) {
  if (bot.inventory.items().some((item) => isFuel(item.name))) return true;
  if (deep) return await feedFire(bot, false);
  return false;
}

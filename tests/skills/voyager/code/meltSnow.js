async function meltSnow(bot) {
  if (bot.inventory.items().length {
    await smeltItem(bot, "snowball", "coal", 1);
  }
}

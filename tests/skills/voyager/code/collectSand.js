const collectSand = async (bot, count = 5) => {
  await mineBlock(bot, "sand", count);
};

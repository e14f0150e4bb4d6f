async function shoot(bot) {
  bot.chat("A skill under a primitive's name.");
}

async function raiseFlag(bot) {
  await weaveFlag(bot, "red");
}

async function huntCow(bot) {
  const cow = await exploreUntil(bot, new Vec3(-1, 0, 0), 60, () =>
    bot.nearestEntity((entity) => entity.name === "cow" && entity.position.distanceTo(bot.entity.position) < 32)
  );
  if (!cow) return;
  await killMob(bot, "cow", 300);
}

const SIDES = [new Vec3(1, 0, 0), new Vec3(-1, 0, 0), new Vec3(0, 0, 1), new Vec3(0, 0, -1)];

function freeSide(bot) {
  return SIDES.map((side) => bot.entity.position.plus(side).floored())
    .find((place) => bot.blockAt(place)?.name === "air");
}

async function placeTableNearby(bot) {
  if (bot.findBlock({ matching: mcData.blocksByName.crafting_table.id, maxDistance: 4 })) return;
  if (countItem(bot, "crafting_table") === 0) await craftCraftingTable(bot);
  await placeItem(bot, "crafting_table", freeSide(bot) ?? bot.entity.position.offset(1, 0, 0));
}

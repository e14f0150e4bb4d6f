class Route {
  #steps = [];
  static of(...steps) {
    const route = new Route();
    route.#steps = steps;
    return route;
  }
  async *walk() {
    for (const step of this.#steps) yield await Promise.resolve(step);
  }
}

async function patrol(bot) {
  let walked = 0;
  outer: for await (const [dx, dz] of Route.of([1, 0], [0, 1]).walk()) {
    for (;;) {
      walked += Math.abs(dx) + Math.abs(dz);
      if (walked ** 2 >= 4) break outer;
      continue outer;
    }
  }
  const goal = new GoalNear(bot.entity.position.x, bot.entity.position.y, bot.entity.position.z, 2);
  await bot.pathfinder.goto(goal);
  return walked;
}

async function saluerVillageois(bot) {
  const noms = { ici: "café", là: "日本" };
  for (const lieu of Object.keys(noms)) bot.chat(`Bonjour, ${noms[lieu]} ☃`);
}

'use strict'
// Signing in with a Microsoft account, in the trusted relay: the bot's process never sees the token.
const crypto = require('node:crypto')

const SESSION_SERVER = 'https://sessionserver.mojang.com'

/**
 * Sign in; a person does it in a browser the first time, then the token is kept in `folder` and renewed.
 * @param tell called with what the person is to do
 * @returns {name, id, token} of the game's profile
 */
async function signIn (username, folder, tell) {
  const { Authflow, Titles } = require('prismarine-auth')
  const options = { flow: 'live', authTitle: Titles.MinecraftNintendoSwitch, deviceType: 'Nintendo' }
  const flow = new Authflow(username, folder, options, ({ user_code: code, verification_uri: page }) => {
    tell(`to sign in to Minecraft as ${username}, open ${page} and enter the code ${code}`)
  })
  const { token, profile } = await flow.getMinecraftJavaToken({ fetchProfile: true })
  if (!profile?.id) throw new Error(`the Microsoft account of ${username} owns no Minecraft (Java)`)
  return { name: profile.name, id: profile.id, token }
}

/** Tell the session server that this account is about to enter the server that has this key. */
async function announce (account, serverId, secret, publicKey, sessionServer = SESSION_SERVER) {
  const answer = await fetch(`${sessionServer}/session/minecraft/join`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      accessToken: account.token, selectedProfile: account.id.replaceAll('-', ''), serverId: serverHash(serverId, secret, publicKey)
    })
  })
  if (!answer.ok) throw new Error(`the session server refused the account (HTTP ${answer.status})`)
}

/** The game's hash of a connection: SHA-1, read as a signed number, in hexadecimal. */
function serverHash (serverId, secret, publicKey) {
  const digest = crypto.createHash('sha1').update(serverId).update(secret).update(publicKey).digest('hex')
  return BigInt.asIntN(160, BigInt(`0x${digest}`)).toString(16)
}

module.exports = { signIn, announce, serverHash }

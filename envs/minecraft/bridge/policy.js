'use strict'
// What a program may send to the server: what a player in survival sends. No commands, however they are sent, no tools of
// operators, and chat no faster than a person types.

/** Packets of a player's movements, hands and windows, by the names of minecraft-data, in all versions that are played. */
const PERMITTED = new Set([
  'keep_alive', 'pong', 'ping_request', 'teleport_confirm', 'transaction', 'resource_pack_receive', 'settings',
  'message_acknowledgement', 'chunk_batch_received', 'tick_end', 'player_loaded',
  'flying', 'position', 'look', 'position_look', 'steer_vehicle', 'player_input', 'vehicle_move', 'steer_boat', 'entity_action',
  'arm_animation', 'use_entity', 'attack', 'use_item', 'block_dig', 'block_place', 'held_item_slot', 'pick_item',
  'pick_item_from_block', 'pick_item_from_entity', 'update_sign', 'edit_book',
  'window_click', 'close_window', 'enchant_item', 'prepare_crafting_grid', 'craft_recipe_request',
  'crafting_book_data', 'recipe_book', 'displayed_recipe', 'name_item', 'select_trade', 'set_beacon_effect', 'set_slot_state',
  'select_bundle_item', 'advancement_tab'
])
const CHAT = new Set(['chat', 'chat_message'])
/** What older versions send on channels for plugins: the name of an item, a trade, a book. */
const CHANNELS = new Set(['MC|ItemName', 'MC|TrSel', 'MC|BEdit', 'MC|BSign'])
const CHAT_LENGTH = 256
const CHATS_AT_ONCE = 5
const CHAT_PAUSE = 1000
const COMMAND = /^[\s\p{C}\p{Z}]*\//u
const RESPAWN = 0

/** Whether a server takes this chat for a command: some leave out blanks before it. */
const isCommand = (text) => COMMAND.test(text)

/** Counts chat: a few at once, then one a second. */
class Chat {
  constructor (now = Date.now) {
    Object.assign(this, { now, left: CHATS_AT_ONCE, since: now() })
  }

  take () {
    const passed = Math.floor((this.now() - this.since) / CHAT_PAUSE)
    this.since += passed * CHAT_PAUSE
    this.left = Math.min(CHATS_AT_ONCE, this.left + passed)
    return this.left > 0 && this.left-- > 0
  }
}

/**
 * Whether a program's packet goes on to the server.
 * @param name of the packet, undefined where the version has none of this number
 * @param parts what is needed to look into it: `text()` and `number()` at its beginning
 */
function mayPass (name, { text, number }, chat) {
  if (CHAT.has(name)) {
    const said = text()
    return said.length <= CHAT_LENGTH && !isCommand(said) && chat.take()
  }
  if (name === 'custom_payload') return CHANNELS.has(text())
  if (name === 'client_command') return number() === RESPAWN
  return PERMITTED.has(name)
}

module.exports = { Chat, isCommand, mayPass }

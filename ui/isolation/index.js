/*
 * The isolation application: every call from the pages to Rust passes here first, out of the pages' reach. Only the
 * app's own commands in their known shapes, and Tauri's event plumbing, go through. What does not is turned into a
 * call of a command that does not exist, so that the caller gets an error rather than waiting for ever.
 *
 * Keep COMMANDS in step with the command list of the shell; a test of the UI compares it with the bindings.
 */
(() => {
  "use strict";

  const text = (value) => typeof value === "string" && value.length <= 4096;
  const textOrNull = (value) => value === null || text(value);
  const object = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
  const body = (value) => object(value) && text(value.kind) && object(value.body);
  const start = (value) => object(value) && text(value.what);
  const hint = (value) => ["focus", "visible", "online", "offline"].includes(value);
  const keep = (value) => ["mine", "theirs"].includes(value);
  const whole = (value) => Number.isInteger(value);
  const whether = (value) => typeof value === "boolean";
  const role = (value) => ["photo", "signature", "document"].includes(value);
  const copy = (value) => value === "sqlite:support";
  /** How a picture came: whether the camera was asked for it, when its file was written, and what was noted. */
  const came = (value) =>
    object(value) && whether(value.by_camera) && (value.file_at_ms === null || whole(value.file_at_ms)) && textOrNull(value.noted);
  const sql = (value) => typeof value === "string" && value.length <= 16384;
  const nothing = (value) => Array.isArray(value) && value.length === 0;
  /** Base64 of at most 192 KiB. */
  const part = (value) => typeof value === "string" && value.length <= 262144;

  /** Each command with its arguments; none may be left out, none added. */
  const COMMANDS = new Map(
    Object.entries({
      bootstrap: {},
      enrol: { serverUrl: text, code: text, deviceName: text },
      move_server: { serverUrl: text, ending: text },
      operators: {},
      choose_operator: { operatorId: textOrNull },
      choose_yard: { yardId: text },
      keep_place: { place: textOrNull },
      work_list: {},
      start: { start },
      record: { id: text },
      open_record: { id: text },
      close_record: { id: text },
      save: { id: text, body, shown: text },
      submit: { id: text, shown: text },
      void_record: { id: text, reason: text, shown: text },
      send_again: { id: text },
      settle_met: { id: text, keep },
      discard_change: { id: text },
      inbox: {},
      mark_read: { id: text },
      name_author: { id: text, operatorId: text },
      templates: {},
      find_carriers: { query: text },
      find_equipment: { query: text },
      zone_clocks: { zone: text },
      sync_now: {},
      hint: { hint },
      history_days: {},
      keep_history: { days: whole },
      dismiss_salvage: {},
      begin_photo: { size: whole },
      photo_part: { name: text, offset: whole, part },
      add_photo: { name: text, recordId: text, role, about: text, came },
      camera_opens: { recordId: text, role, about: text },
      camera_left: { noted: text },
      after_camera: {},
      drop_photo: { name: text },
      photos: { recordId: text },
      remove_photo: { id: text },
      view_photo: { id: text },
      storage: {},
      photo_policy: {},
      set_photo_policy: { policy: object },
      export_pending: {},
      export_diagnostics: { webview: text },
      support_page: {},
      open_support: { code: textOrNull },
      look_again: {},
      "plugin:sql|select": { db: copy, query: sql, values: nothing },
      autostart: {},
      set_autostart: { on: whether },
      "plugin:event|listen": { event: text, target: object, handler: whole },
      "plugin:event|unlisten": { event: text, eventId: whole },
    }),
  );

  function known({ cmd, payload }) {
    const shape = COMMANDS.get(cmd);
    if (!shape) return false;
    const given = payload ?? {};
    if (!object(given)) return false;
    const names = Object.keys(given);
    return names.length === Object.keys(shape).length && names.every((name) => Object.hasOwn(shape, name) && shape[name](given[name]));
  }

  window.__TAURI_ISOLATION_HOOK__ = (message) =>
    object(message) && known(message) ? message : { ...message, cmd: "refused_by_isolation", payload: {} };
})();

/**
 * Our Prosody module `mod_groups_live`. Prosody's `mod_groups` reads its file when it is loaded and
 * fills rosters when they are; this one makes a change of the file reach those who are online:
 *
 *   1. Once a second, and at every login, look whether the groups file is another one.
 *   2. If so, have `mod_groups` read it again and forget the cached rosters of those offline.
 *   3. Compare each online roster with what it would be now; change it and push the difference
 *      (RFC 6121 §2.1.6).
 *   4. Two who just became contacts get each other's presence, as after a subscription
 *      (RFC 6121 §3.1.6); two who no longer are get "unavailable".
 *   5. Close the sessions of accounts that are gone.
 *
 * It is text in a TypeScript file so that it survives bundling.
 */
export const GROUPS_LIVE_LUA = `
local lfs = require "lfs";
local modulemanager = require "core.modulemanager";
local rostermanager = require "core.rostermanager";
local st = require "util.stanza";

local host = module.host;
local sessions_of = prosody.hosts[host].sessions;
local groups_file = module:get_option_path("groups_file", nil, "config");
local interval = module:get_option_number("groups_live_interval", 1);

local function fingerprint()
	local file = lfs.attributes(groups_file);
	return file and ("%d %d %d"):format(file.ino, file.size, file.modification);
end

local seen = fingerprint();

local function same_item(a, b)
	if a.subscription ~= b.subscription or a.name ~= b.name then return false; end
	for group in pairs(a.groups) do if not b.groups[group] then return false; end end
	for group in pairs(b.groups) do if not a.groups[group] then return false; end end
	return true;
end

-- What the groups alone put into a roster, as mod_groups does it.
local function group_contacts(username)
	local roster = { [false] = {} };
	module:fire_event("roster-load", { username = username, host = host, roster = roster });
	roster[false] = nil;
	return roster;
end

local function send_presence(user, to, available)
	for _, session in pairs(user.sessions) do
		if session.presence then
			local presence = available and st.clone(session.presence) or st.presence({ type = "unavailable" });
			presence.attr.from, presence.attr.to = session.full_jid, to;
			module:send(presence);
		end
	end
end

local function update_roster(username, user)
	local roster, wanted = user.roster, group_contacts(username);
	local pushes, added, removed = {}, {}, {};
	for jid, item in pairs(roster) do
		if jid and item.persist == false and not wanted[jid] then
			pushes[jid], removed[jid] = true, true;
		end
	end
	for jid in pairs(removed) do roster[jid] = nil; end
	for jid, item in pairs(wanted) do
		local old = roster[jid];
		if not old or not same_item(old, item) then
			pushes[jid] = true;
			if not old or old.subscription ~= "both" then added[jid] = true; end
			roster[jid] = item;
		end
	end
	for jid in pairs(pushes) do rostermanager.roster_push(username, host, jid); end
	return added, removed;
end

local function refresh()
	local now = fingerprint();
	if not now or now == seen then return; end
	seen = now;
	local ok, err = modulemanager.reload(host, "groups");
	if not ok then
		module:log("error", "mod_groups could not be reloaded: %s", err);
		return;
	end
	prosody.hosts[host].roster_cache = nil;
	local online, changes, gone = {}, {}, {};
	for username, user in pairs(sessions_of) do online[username] = user; end
	for username, user in pairs(online) do
		if user.roster then
			local added, removed = update_roster(username, user);
			changes[user] = { added = added, removed = removed };
		end
		-- Not the user manager, which takes everybody who is online for existing.
		if not prosody.hosts[host].users.user_exists(username) then gone[username] = true; end
	end
	-- Only now, when both ends of a new pair know each other.
	for user, change in pairs(changes) do
		for jid in pairs(change.removed) do send_presence(user, jid, false); end
		for jid in pairs(change.added) do send_presence(user, jid, true); end
	end
	for username in pairs(gone) do
		prosody.events.fire_event("user-deleted", { username = username, host = host });
	end
	module:log("info", "The groups changed; rosters are up to date");
end

module:add_timer(interval, function ()
	refresh();
	return interval;
end);

module:hook("authentication-success", refresh, 100);
`.trimStart();

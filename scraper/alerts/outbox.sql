-- deliveries.db, version 1: which event goes to whom, what was tried, and what the mail server answered.
BEGIN IMMEDIATE;  -- two processes may come here at once: the second finds the work done
CREATE TABLE IF NOT EXISTS planned (event_id TEXT PRIMARY KEY, planned_at TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS mail (
  seq INTEGER PRIMARY KEY, mail_id TEXT NOT NULL UNIQUE, message_id TEXT NOT NULL, recipient TEXT NOT NULL,
  audience TEXT NOT NULL, why TEXT NOT NULL, digest TEXT NOT NULL,
  subject TEXT NOT NULL DEFAULT '', text TEXT NOT NULL DEFAULT '',   -- set where the mail tells of no event
  created_at TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'waiting',   -- waiting, sending, deferred, sent, dead
  attempts INTEGER NOT NULL DEFAULT 0, first_try_at TEXT, last_try_at TEXT, next_try_at TEXT NOT NULL,
  answer TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX IF NOT EXISTS mail_due ON mail (next_try_at) WHERE state NOT IN ('sent', 'dead');
CREATE TABLE IF NOT EXISTS delivery (
  event_id TEXT NOT NULL REFERENCES planned, recipient TEXT NOT NULL, audience TEXT NOT NULL, why TEXT NOT NULL,
  digest TEXT NOT NULL, planned_at TEXT NOT NULL, due_at TEXT NOT NULL, mail_id TEXT REFERENCES mail (mail_id),
  PRIMARY KEY (event_id, recipient)
) STRICT;
CREATE INDEX IF NOT EXISTS delivery_mail ON delivery (mail_id);
CREATE VIEW IF NOT EXISTS open_mail AS SELECT * FROM mail WHERE state NOT IN ('sent', 'dead');
PRAGMA user_version = 1;
COMMIT;

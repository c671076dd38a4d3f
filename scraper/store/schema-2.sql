-- Version 2.
ALTER TABLE case_account ADD COLUMN declined_on TEXT;

-- The tables of medsec's PostgreSQL follower, and the role it works under. Run once as the owner of the database:
--     psql -v ON_ERROR_STOP=1 -f migration.sql
-- then give the follower a login of its own that is a member of medsec_audit_follower and of nothing else.
BEGIN;

CREATE SCHEMA medsec_audit;

-- One row a record: the line byte for byte, so that the copy verifies by itself.
CREATE TABLE medsec_audit.records (
    stream text NOT NULL CHECK (octet_length(stream) BETWEEN 1 AND 255),
    seq bigint NOT NULL CHECK (seq >= 0),
    prev bytea NOT NULL CHECK (octet_length(prev) = 32),
    line bytea NOT NULL CHECK (octet_length(line) BETWEEN 1 AND 65535),
    PRIMARY KEY (stream, seq),
    -- Two records behind the same one are a fork, wherever they claim to stand.
    UNIQUE (stream, prev)
);

-- One row a commit; n is the size of the stream that it signs.
CREATE TABLE medsec_audit.commits (
    stream text NOT NULL CHECK (octet_length(stream) BETWEEN 1 AND 255),
    n bigint NOT NULL CHECK (n >= 0),
    epoch bigint NOT NULL CHECK (epoch >= 0),
    counter bigint NOT NULL CHECK (counter >= 0),
    line bytea NOT NULL CHECK (octet_length(line) BETWEEN 1 AND 65535),
    -- An epoch key signs each counter once.
    PRIMARY KEY (stream, epoch, counter)
);
CREATE INDEX commits_by_size ON medsec_audit.commits (stream, n);

-- Roles belong to the whole server: another database may have made it already.
DO $$
BEGIN
    CREATE ROLE medsec_audit_follower NOLOGIN;
EXCEPTION
    WHEN duplicate_object OR unique_violation THEN NULL;
END
$$;
REVOKE ALL ON SCHEMA medsec_audit FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA medsec_audit FROM PUBLIC, medsec_audit_follower;
GRANT USAGE ON SCHEMA medsec_audit TO medsec_audit_follower;
GRANT SELECT, INSERT ON medsec_audit.records, medsec_audit.commits TO medsec_audit_follower;

COMMIT;

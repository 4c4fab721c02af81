"""A real dump of pg_dump: every row is read, and all other statements are skipped."""

import subprocess
from pathlib import Path

from pocketpay.database.embedded import programs
from pocketpay.database.embedded.server import EmbeddedPostgres
from tests.conftest import Dsns
from tests.importing.exports import HASH, id_of, imported
from tests.people import Owner, facts

SUPABASE = f"""
set check_function_bodies = off;
create schema auth;
create table auth.users (instance_id uuid, id uuid primary key, email text, encrypted_password text,
    raw_user_meta_data jsonb, created_at timestamptz, phone text unique, banned_until timestamptz,
    is_anonymous boolean default false);
create schema supabase_public;
create table supabase_public.profiles (id uuid primary key references auth.users, username text, full_name text);
create table supabase_public.notes (id int, body text);
create function supabase_public.handle_new_user() returns trigger language plpgsql as $body$
begin
INSERT INTO auth.users (id) values ('{id_of(666)}');
COPY auth.users (id) FROM stdin;
{id_of(666)}
\\.
return new;
end $body$;
comment on table supabase_public.notes is 'it''s
COPY auth.users (id) FROM stdin;
{id_of(666)}
\\.
';
insert into auth.users (id, email, encrypted_password, raw_user_meta_data, created_at, phone) values
    ('{id_of(1)}', 'ada@example.com', '{HASH}', '{{"full_name": "Ada \\"the first\\" \\\\ L"}}',
     '2023-04-05 06:07:08.91+02', '12025550123'),
    ('{id_of(2)}', null, null, null, '2023-04-05', null);
insert into supabase_public.profiles values ('{id_of(1)}', 'ada', null), ('{id_of(2)}', 'bob', 'Bób \\N');
insert into supabase_public.notes values (1, E'COPY auth.users (id) FROM stdin;\\n{id_of(666)}\\n\\\\.\\n');
"""


async def test_a_dump_of_pg_dump_is_read(
    database_dsn: Dsns, owner: Owner, postgres: EmbeddedPostgres, cluster_home: Path, tmp_path: Path
) -> None:
    await owner.execute(SUPABASE)
    pg_dump = programs.find(cluster_home / "home").folder / "pg_dump"
    command = [str(pg_dump), "--schema=auth", "--schema=supabase_public", database_dsn.owner]
    dumped = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)  # noqa: ASYNC221
    assert dumped.returncode == 0, dumped.stderr
    assert dumped.stdout.count("COPY auth.users (id) FROM stdin;") == 3
    file = tmp_path / "dump.sql"
    file.write_text(dumped.stdout.replace("supabase_public.", "public."), encoding="utf-8")
    code, told = await imported(database_dsn, file)
    assert code == 0, told
    assert told[-1] == "2 people imported; 0 opening balances posted."
    assert await facts(owner, "select name, phone, created_at::text from users where username = 'ada'") == (
        'Ada "the first" \\ L',
        "+12025550123",
        "2023-04-05 04:07:08.91+00",
    )
    assert await owner.fetchval("select name from users where username = 'bob'") == "Bób \\N"

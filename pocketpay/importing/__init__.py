"""Import from Supabase: people with their password hashes and opening balances, from an export of its tables.

    run.py              one run, from reading the files to the end of the report
    export.py           the files of an export, their formats, and all their rows
    lines.py            reads a file of any size line by line, at most a megabyte each
    csv_file.py         reads rows from CSV
    dump.py             reads rows from a plain pg_dump, without executing any of it
    statements.py       finds where a statement begins in a dump, outside of strings and comments
    copy_text.py        the fields of COPY's text format
    row.py              one row of one of the tables that we read
    part_rows.py        the rows of one file, ready for the temporary tables
    joined.py           all data of one person in the export
    person.py           checks one person: a person who can be imported, or every error
    phone.py            a phone number, local or with its country code
    balance.py          an opening balance, which must be the same everywhere in the export
    finding.py          one error or note about a line
    dry_run.py          loads the export into temporary tables, joins and checks it; changes nothing
    write_people.py     writes the people, 500 in a unit of work, each with their opening balance
    opening_balance.py  the rule of an opening balance, an instruction for the clearing
    welcome.py          welcome mails to people without a password, at a limited rate
    report.py           the report, as text
    models.py           the tables of imported people
    guards.py           the trigger by which PostgreSQL itself protects imported people
    repository/         the SQL

This package knows Supabase's tables and not its API. It does not trust the files.
"""

"""Import from Supabase: people with their password hashes and opening balances, from an export of its tables.

    run.py              one run, from the files to the last line of the report
    export.py           the files of an export, what each holds, and all their rows
    lines.py            a file of any size, line by line, at most a megabyte each
    csv_file.py         CSV becomes rows
    dump.py             a plain pg_dump becomes rows; nothing of it is executed
    statements.py       where in a dump a statement begins, and where it is only text
    copy_text.py        the fields of COPY's text format
    row.py              one row of one of the tables that we read
    part_rows.py        the rows of one file, ready for the temporary tables
    joined.py           what the export says about one person
    person.py           a person who can be imported, or everything that is wrong with them
    phone.py            a telephone number, local or in full
    balance.py          an opening balance, the same wherever the export tells it
    finding.py          one thing that is wrong, and how serious it is
    dry_run.py          lays the export out in temporary tables, joins and checks it; changes nothing
    move_in.py          writes the people, 500 in a unit of work, each with their opening balance
    opening_balance.py  the rule of an opening balance, an instruction for the clearing
    welcome.py          mails to people without a password, so many in an hour
    report.py           the report, as text
    models.py           the tables of imported people
    guards.py           what PostgreSQL itself refuses to write
    repository/         the SQL

Knows Supabase's tables and nothing of its API. The files are not trusted.
"""

"""Moving in from Supabase: people with their bcrypt hashes and what they had, from an export of its tables.

    lines.py       a file of any size, line by line, none longer than a megabyte
    csv_file.py    a CSV becomes rows
    copy_text.py   COPY's text format becomes fields
    statements.py  where in a dump a statement begins, and where it is only text
    dump.py        a plain pg_dump becomes rows; nothing of it is ever executed
    export.py      the files there are, what each holds, and all their rows
    joined.py      what it says of one person, and what is found wrong with it
    opening.py     their opening balance, the same wherever it is told
    person.py      a person fit to be written, or all that is wrong with them
    dry_run.py     lays the export out in temporary tables, joins and judges it; changes nothing
    move_in.py     writes those who are fit, 500 a unit of work, each with their opening balance
    report.py      what there is to say, in words

Knows Supabase's tables and nothing of its API. Whatever stands in the files was written by strangers.
"""

"""Mail: an outbox in PostgreSQL for emails and text messages, and the senders that empty it.

    a unit of work ──puts a mail──► outgoing_mails ──claimed under a lease──► SMTP server or provider of text messages
                                                                              ──► sent, or tried again

    mail.py         a mail, and its kinds
    outbox.py       puts a mail into the outbox, in the caller's unit of work
    sender.py       sends what is due, on every server at once; deletes what is old
    retries.py      when a mail is tried again
    texts.py        what a mail says: templates of plain text and HTML
    channels.py     email and text messages: which kinds take which, and how one is delivered
    message.py      a mail as an EmailMessage, with the same Message-ID at every try
    delivery.py     what became of one try
    smtp.py         delivery to an SMTP server
    shown.py        delivery in development: the log shows the mail
    text_messages.py
                    the protocol of a provider of text messages, and a simulated one that shows them in the log
    recent.py       the newest mails with their codes, for the explorer in development
    models.py       the table
    repository.py   the SQL

A mail is sent once for each event of a user, as far as SMTP allows: a server that crashes after the SMTP server has
accepted a mail and before that is recorded sends it again, with the same Message-ID (decision record 0030). The table
holds no code and no link: these are derived from the server's key when the mail is sent, by a function that the
sender is opened with. Must never know why a mail is sent, or who may read it.
"""

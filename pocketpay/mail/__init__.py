"""Mail: an outbox in PostgreSQL for emails and text messages, and the senders that empty it.

    a unit of work ──puts a mail──► outgoing_mails ──claimed under a lease──► SMTP server or provider of text messages
                                                                              ──► sent, or tried again

    mail.py         a mail, and its kinds
    outbox.py       puts a mail into the outbox, in the caller's unit of work
    sender.py       sends due mails, on every server at once, and deletes old ones
    retries.py      when a mail is tried again
    texts.py        renders the text of a mail from templates, as plain text and HTML
    channels.py     email and text messages: which kinds of mails use which, and how one is delivered
    message.py      a mail as an EmailMessage, with the same Message-ID at every try
    delivery.py     the result of one try
    smtp.py         delivery to an SMTP server
    log_delivery.py delivery in development: the log shows the mail
    text_messages.py
                    the protocol of a provider of text messages, and a simulated one that shows them in the log
    recent.py       the newest mails with their codes, for the explorer in development
    models.py       the table
    repository.py   the SQL

A mail is sent once for each event of a user, as far as SMTP allows. When a server crashes after the SMTP server has
accepted a mail and before this is recorded, the mail is sent again with the same Message-ID (decision record 0030).

The table stores no code and no link. A function that is passed to the sender derives them from the server's key when
the mail is sent. This package must not know why a mail is sent or who may read it.
"""

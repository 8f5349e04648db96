"""The one voice: what pages, mails, commands and digests say."""

"""MongoDB: accounts, inboxes, the outbox, open connections and tickets."""

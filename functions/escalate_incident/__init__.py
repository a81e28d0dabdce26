"""The room of the follow-up of incidents."""

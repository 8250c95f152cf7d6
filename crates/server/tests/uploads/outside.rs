//! Other people's tus clients, at the real program. The set-up installs them; where they are not, these tests say so.

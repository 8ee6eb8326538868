//! The program as Unix sees it.

mod life;
mod load;
mod place;
mod surroundings;
mod unix_socket;

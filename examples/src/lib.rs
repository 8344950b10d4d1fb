//! One short program per story.

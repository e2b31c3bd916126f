//! Files for their owner alone: keys, the store with password hashes and what was never published, copies of it.

use std::fs::{DirBuilder, File};
use std::io;
use std::path::Path;

/// Makes a file that its owner alone can read, which is not there yet.
///
/// # Errors
/// It is there, or the file system refuses.
pub fn create(file: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)
}

/// Makes a directory that its owner alone can enter, with those above it; one that is there stays as it is.
///
/// # Errors
/// The file system refuses.
pub fn create_dir(directory: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

/// Whether others than its owner and its group can read a file.
pub fn is_open_to_all(file: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::metadata(file).is_ok_and(|metadata| metadata.permissions().mode() & 0o007 != 0)
    }
    #[cfg(not(unix))]
    {
        let _ = file;
        false
    }
}

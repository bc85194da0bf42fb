//! What a test's own volume or file leaves to the one that it is around, `self.0`.

/// Methods of a [`Volume`](super::Volume), by name.
macro_rules! pass_to_volume {
    ($($method:ident)+) => { $($crate::volume::passing::pass_to_volume!(@ $method);)+ };
    (@ create) => {
        fn create(&self, name: &str) -> std::io::Result<Box<dyn $crate::volume::VolumeFile>> {
            self.0.create(name)
        }
    };
    (@ rename) => {
        fn rename(&self, from: &str, to: &str) -> std::io::Result<()> {
            self.0.rename(from, to)
        }
    };
    (@ remove) => {
        fn remove(&self, name: &str) -> std::io::Result<()> {
            self.0.remove(name)
        }
    };
    (@ list) => {
        fn list(&self, folder: &str) -> std::io::Result<Vec<String>> {
            self.0.list(folder)
        }
    };
    (@ sync_folder) => {
        fn sync_folder(&self, folder: &str) -> std::io::Result<()> {
            self.0.sync_folder(folder)
        }
    };
    (@ sync_everything) => {
        fn sync_everything(&self) -> std::io::Result<()> {
            self.0.sync_everything()
        }
    };
    (@ try_lock) => {
        fn try_lock(&self) -> std::io::Result<Option<Box<dyn $crate::volume::Lock>>> {
            self.0.try_lock()
        }
    };
    (@ free_space) => {
        fn free_space(&self) -> std::io::Result<u64> {
            self.0.free_space()
        }
    };
    (@ identity) => {
        fn identity(&self, name: &str) -> std::io::Result<Option<$crate::volume::FileIdentity>> {
            self.0.identity(name)
        }
    };
}
pub(crate) use pass_to_volume;

/// Methods of a [`VolumeFile`](super::VolumeFile), by name.
macro_rules! pass_to_file {
    ($($method:ident)+) => { $($crate::volume::passing::pass_to_file!(@ $method);)+ };
    (@ read_at) => {
        fn read_at(&self, bytes: &mut [u8], offset: u64) -> std::io::Result<usize> {
            self.0.read_at(bytes, offset)
        }
    };
    (@ write_at) => {
        fn write_at(&self, bytes: &[u8], offset: u64) -> std::io::Result<()> {
            self.0.write_at(bytes, offset)
        }
    };
    (@ set_len) => {
        fn set_len(&self, len: u64) -> std::io::Result<()> {
            self.0.set_len(len)
        }
    };
    (@ allocate) => {
        fn allocate(&self, offset: u64, len: u64) -> std::io::Result<()> {
            self.0.allocate(offset, len)
        }
    };
    (@ sync) => {
        fn sync(&self) -> std::io::Result<()> {
            self.0.sync()
        }
    };
    (@ len) => {
        fn len(&self) -> std::io::Result<u64> {
            self.0.len()
        }
    };
    (@ identity) => {
        fn identity(&self) -> std::io::Result<$crate::volume::FileIdentity> {
            self.0.identity()
        }
    };
    (@ try_lock) => {
        fn try_lock(&self) -> std::io::Result<bool> {
            self.0.try_lock()
        }
    };
    (@ unlock) => {
        fn unlock(&self) -> std::io::Result<()> {
            self.0.unlock()
        }
    };
}
pub(crate) use pass_to_file;

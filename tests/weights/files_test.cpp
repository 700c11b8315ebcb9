#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <functional>

#include "runtime/weights/atomic_file.h"
#include "runtime/weights/io_error.h"
#include "runtime/weights/mapped_file.h"
#include "tests/weights/temp_folder.h"

namespace lacuna::weights {
namespace {

namespace fs = std::filesystem;

int error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const IoError& error) {
    return error.error();
  }
  return 0;
}

TEST(MappedFile, SeesTheBytesAndMovesThem) {
  const test::TempFolder folder;
  const std::string content = "hello\0world" + std::string(10'000, 'x');
  test::put_file(folder / "f", content);
  MappedFile first(folder / "f");
  MappedFile second(std::move(first));
  first = MappedFile(folder / "f");
  std::swap(first, second);
  for (const MappedFile* file : {&first, &second}) {
    ASSERT_EQ(file->bytes().size(), content.size());
    EXPECT_EQ(std::memcmp(file->bytes().data(), content.data(), content.size()), 0);
  }
  EXPECT_EQ(read_regular_file(folder / "f", content.size()), content);
}

TEST(MappedFile, AnEmptyFileHasNoBytes) {
  const test::TempFolder folder;
  test::put_file(folder / "f", "");
  EXPECT_TRUE(MappedFile(folder / "f").bytes().empty());
  EXPECT_EQ(read_regular_file(folder / "f", 0), "");
}

TEST(MappedFile, TakesRegularFilesOnly) {
  const test::TempFolder folder;
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  const auto map = [](const fs::path& path) { return error_of([&] { MappedFile{path}; }); };
  EXPECT_EQ(map(folder / "missing"), ENOENT);
  EXPECT_EQ(map(folder.path()), EISDIR);
  EXPECT_EQ(map(folder / "pipe"), EINVAL);  // and returns instead of waiting for a writer
  EXPECT_EQ(map("/dev/zero"), EINVAL);
  EXPECT_EQ(error_of([&] { read_regular_file("/dev/zero", 10); }), EINVAL);
}

TEST(ReadRegularFile, RefusesLongFilesBeforeReading) {
  const test::TempFolder folder;
  test::put_file(folder / "f", "12345");
  EXPECT_EQ(error_of([&] { read_regular_file(folder / "f", 4); }), EFBIG);
}

TEST(IoError, NamesPathOperationAndReason) {
  const std::string message =
      test::message_of<IoError>([] { MappedFile("/nonexistent/model.safetensors"); });
  EXPECT_EQ(message, "/nonexistent/model.safetensors: cannot open: No such file or directory");
}

TEST(AtomicFile, AppearsOnlyAtCommit) {
  const test::TempFolder folder;
  AtomicFile file(folder / "f");
  file.write("abc");
  EXPECT_FALSE(fs::exists(folder / "f"));
  file.commit();
  EXPECT_EQ(test::get_file(folder / "f"), "abc");
  EXPECT_EQ(test::files_in(folder.path()), 1u);
}

TEST(AtomicFile, WithoutCommitTheOldFileStaysAndNothingElse) {
  const test::TempFolder folder;
  test::put_file(folder / "f", "old");
  {
    AtomicFile file(folder / "f");
    file.write(std::string(3'000'000, 'n'));
  }
  EXPECT_EQ(test::get_file(folder / "f"), "old");
  EXPECT_EQ(test::files_in(folder.path()), 1u);
}

TEST(AtomicFile, PiecesOfAnySizeArriveInOrder) {
  const test::TempFolder folder;
  std::string expected;
  AtomicFile file(folder / "f");
  for (const std::size_t size : {1u, 0u, 100u, 262'143u, 2u, 262'144u, 1'000'001u, 5u, 300'000u}) {
    const std::string piece(size, static_cast<char>('a' + expected.size() % 26));
    expected += piece;
    file.write(piece);
  }
  file.commit();
  EXPECT_EQ(test::get_file(folder / "f"), expected);
}

TEST(AtomicFile, KeepsThePermissionsOfTheOldFile) {
  const test::TempFolder folder;
  test::put_file(folder / "f", "old");
  ASSERT_EQ(::chmod((folder / "f").c_str(), 0640), 0);
  write_file_atomic(folder / "f", "new");
  struct stat status {};
  ASSERT_EQ(::stat((folder / "f").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777u, 0640u);
}

TEST(AtomicFile, FollowsSymbolicLinks) {
  const test::TempFolder folder;
  fs::create_directory(folder / "there");
  test::put_file(folder / "there/real", "old");
  fs::create_symlink("there/real", folder / "link");
  fs::create_symlink("there/later", folder / "dangling");
  write_file_atomic(folder / "link", "new");
  write_file_atomic(folder / "dangling", "made");
  EXPECT_TRUE(fs::is_symlink(folder / "link"));
  EXPECT_EQ(test::get_file(folder / "there/real"), "new");
  EXPECT_EQ(test::get_file(folder / "there/later"), "made");
}

TEST(AtomicFile, RefusesALoopOfLinks) {
  const test::TempFolder folder;
  fs::create_symlink("b", folder / "a");
  fs::create_symlink("a", folder / "b");
  EXPECT_EQ(error_of([&] { AtomicFile{folder / "a"}; }), ELOOP);
}

TEST(AtomicFile, NeverReplacesADevice) {
  write_file_atomic("/dev/null", "gone");
  struct stat status {};
  ASSERT_EQ(::stat("/dev/null", &status), 0);
  EXPECT_TRUE(S_ISCHR(status.st_mode));
}

TEST(AtomicFile, AFullDiskIsNamed) {
  EXPECT_EQ(error_of([] { write_file_atomic("/dev/full", "x"); }), ENOSPC);
  const std::string message =
      test::message_of<IoError>([] { write_file_atomic("/dev/full", std::string(500'000, 'x')); });
  EXPECT_EQ(message, "/dev/full: cannot write: No space left on device");
}

TEST(AtomicFile, AFailedWriteLeavesTheOldFileAndNoTemporary) {
  const test::TempFolder folder;
  test::put_file(folder / "f", "old");
  // A limit on file sizes stands in for a disk that fills up in the middle.
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit small = before;
  small.rlim_cur = 1'000'000;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const int error = error_of([&] { write_file_atomic(folder / "f", std::string(3'000'000, 'n')); });
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(error, EFBIG);
  EXPECT_EQ(test::get_file(folder / "f"), "old");
  EXPECT_EQ(test::files_in(folder.path()), 1u);
}

TEST(AtomicFile, ImpossibleTargetsAreRefusedAtOnce) {
  const test::TempFolder folder;
  EXPECT_EQ(error_of([&] { AtomicFile{folder.path()}; }), EISDIR);
  EXPECT_EQ(error_of([&] { AtomicFile{folder / "missing/f"}; }), ENOENT);
  EXPECT_EQ(error_of([&] { AtomicFile{folder / "missing/"}; }), EISDIR);
  EXPECT_EQ(error_of([&] { AtomicFile{""}; }), ENOENT);
  test::put_file(folder / "f", "");
  EXPECT_EQ(error_of([&] { AtomicFile{folder / "f/g"}; }), ENOTDIR);
}

TEST(AtomicFile, LongNamesHaveATemporaryToo) {
  const test::TempFolder folder;
  const std::string name(255, 'n');
  write_file_atomic(folder / name, "x");
  EXPECT_EQ(test::get_file(folder / name), "x");
}

TEST(AtomicFile, RecognisesItsTemporaries) {
  const test::TempFolder folder;
  AtomicFile file(folder / "model.safetensors");
  const std::string name = fs::directory_iterator(folder.path())->path().filename().string();
  EXPECT_TRUE(is_temporary_name(name, "model")) << name;
  EXPECT_FALSE(is_temporary_name(name, "other"));
  EXPECT_FALSE(is_temporary_name("model.safetensors", "model"));
  EXPECT_FALSE(is_temporary_name(".model.tmp", "model"));
  EXPECT_FALSE(is_temporary_name(".model.0123456789abcdeX.tmp", "model"));
}

}  // namespace
}  // namespace lacuna::weights

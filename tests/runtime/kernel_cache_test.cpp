#include "runtime/kernel_cache.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/weights/temp_folder.h"

namespace lacuna::runtime {
namespace {

namespace fs = std::filesystem;

class KernelCacheTest : public testing::Test {
 protected:
  std::string bytes() const {
    std::ifstream in(file_, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void put(const std::string& content) const { std::ofstream(file_, std::ios::binary) << content; }

  test::TempFolder folder_;
  fs::path file_ = folder_ / "new" / "vulkan.kernels";
  KernelCache cache_{42, "all", std::vector<std::byte>(37, std::byte{5})};
};

TEST_F(KernelCacheTest, ComesBackAsItWas) {
  EXPECT_FALSE(read_kernel_cache(file_).has_value());
  write_kernel_cache(file_, cache_);
  const auto back = read_kernel_cache(file_);
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->version, 42u);
  EXPECT_EQ(back->checked, "all");
  EXPECT_EQ(back->compiled, cache_.compiled);
}

TEST_F(KernelCacheTest, EveryChangedByteAndEveryCutIsFound) {
  write_kernel_cache(file_, cache_);
  const std::string good = bytes();
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = char(bad[i] ^ 0x10);
    put(bad);
    EXPECT_THROW(read_kernel_cache(file_), std::runtime_error) << "byte " << i;
    put(good.substr(0, i));
    EXPECT_THROW(read_kernel_cache(file_), std::runtime_error) << "cut at " << i;
  }
  put(good + "x");
  EXPECT_THROW(read_kernel_cache(file_), std::runtime_error);
}

TEST_F(KernelCacheTest, AFolderInItsPlaceIsNamed) {
  fs::create_directories(file_);
  try {
    read_kernel_cache(file_);
    ADD_FAILURE();
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("vulkan.kernels"), std::string::npos);
  }
}

}  // namespace
}  // namespace lacuna::runtime

#pragma once

#include <unistd.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "fusion/training/shards/sha256.h"
#include "runtime/preparation/prepare.h"
#include "runtime/weights/atomic_file.h"
#include "text/text_tokenizer.h"
#include "vision/image_io.h"
#include "vision/image_tokenizer.h"

namespace lacuna::preparation {

/// A folder that goes away with the test.
class Folder {
 public:
  Folder() {
    static int number = 0;
    path_ = std::filesystem::temp_directory_path() /
            ("lacuna_prepare_" + std::to_string(::getpid()) + "_" + std::to_string(number++));
    std::filesystem::create_directories(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// One id a byte, and an id that no text gives.
class ByteTokenizer final : public text::TextTokenizer {
 public:
  std::vector<std::int32_t> encode(std::string_view text) const override {
    std::vector<std::int32_t> out;
    for (const char c : text) out.push_back(static_cast<unsigned char>(c));
    return out;
  }
  std::string decode(std::span<const std::int32_t> ids) const override {
    std::string out;
    for (const std::int32_t id : ids) out += id < 256 ? char(id) : ' ';
    return out;
  }
  std::string piece(std::int32_t id) const override {
    if (id == 256) return "</s>";
    return id < 128 && id > 31 ? std::string(1, char(id)) : "<" + std::to_string(id) + ">";
  }
  std::int32_t size() const override { return 257; }
};

/// Codes are the brightness of cells of 4 x 4 pixels.
class BrightnessTokenizer final : public vision::ImageTokenizer {
 public:
  int pixels_per_code() const override { return 4; }
  int codebook_size() const override { return 64; }
  std::vector<vision::CodeGrid> encode(std::span<const vision::Image> pictures) override {
    std::vector<vision::CodeGrid> out;
    for (const vision::Image& picture : pictures) {
      vision::CodeGrid grid({picture.height() / 4, picture.width() / 4});
      for (int y = 0; y < grid.height(); ++y) {
        for (int x = 0; x < grid.width(); ++x) {
          float sum = 0;
          for (int k = 0; k < 48; ++k) sum += picture.at(4 * y + k / 12, 4 * x + k / 3 % 4, k % 3);
          grid.at(y, x) = std::min(int(sum / 48 * 64), 63);
        }
      }
      out.push_back(grid);
    }
    return out;
  }
  std::vector<vision::Image> decode(std::span<const vision::CodeGrid>) override { return {}; }
};

/// A picture with a gradient that depends on `number`.
inline vision::Image8 gradient(vision::Size size, int number) {
  vision::Image8 out(size, 3, 255);
  for (int y = 1; y + 1 < size.height; ++y) {
    for (int x = 1; x + 1 < size.width; ++x) {
      out.pixel(y, x)[0] = std::uint8_t(x * 255 / size.width);
      out.pixel(y, x)[1] = std::uint8_t(y * 255 / size.height);
      out.pixel(y, x)[2] = std::uint8_t(number * 37);
    }
  }
  return out;
}

/// captions.tsv and `count` pictures of `side` pixels: labels repeat, styles alternate, every fifth
/// row is held out, every seventh is an ink mask.
inline void make_data(const std::filesystem::path& folder, int count, int side) {
  std::filesystem::create_directories(folder / "color");
  std::filesystem::create_directories(folder / "mask");
  std::string table = "file\tlabel\tsplit\tweight\tstyle\tkeywords\tgloss\ttier\tset\tlicense\n";
  for (int i = 0; i < count; ++i) {
    const bool mask = i % 7 == 3;
    const std::string name = (mask ? "mask/" : "color/") + std::to_string(i) + ".png";
    vision::write_image(folder / name, gradient({side, side}, i));
    table += name + "\tThing " + std::to_string(i % 11) + "\t" +
             (i % 5 == 4 ? "val_cross" : "train") + "\t" + (i % 2 ? "0.5" : "1") + "\t" +
             (i % 2 ? "flat" : "3d") + "\tone, two, three, four\t" + (i % 3 ? "" : "a thing; any") +
             "\t" + (mask ? "mask" : "icon") + "\tset" + std::to_string(i % 2) + "\tMIT\n";
  }
  weights::write_file_atomic(folder / "captions.tsv", table);
  weights::write_file_atomic(folder / "ATTRIBUTION.md", std::string_view("# Made by a test\n"));
}

/// Every file of a folder with its hash, hidden ones too.
inline std::map<std::string, std::string> hashes(const std::filesystem::path& folder) {
  std::map<std::string, std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    out[entry.path().filename().string()] = training::sha256_of_file(entry.path());
  }
  return out;
}

}  // namespace lacuna::preparation

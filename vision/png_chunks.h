#pragma once

#include <zlib.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "vision/byte_order.h"

/// The container of PNG files: what checking, text entries and writing share. Internal to vision.
namespace lacuna::vision {

inline constexpr std::array<std::uint8_t, 8> kPngSignature = {137, 80, 78, 71, 13, 10, 26, 10};

/// One chunk; both views point into the file.
struct PngChunk {
  std::string_view type;
  Bytes data;
};

/// The chunks up to and with IEND, their lengths and checksums checked. `file` starts with the PNG
/// signature. Throws ImageError (malformed).
std::vector<PngChunk> read_png_chunks(Bytes file, const std::string& name);

/// The four letters of a chunk type for messages, '?' for what cannot be printed.
std::string printable_type(std::string_view type);

/// Appends a chunk with its checksum.
void append_png_chunk(std::vector<std::uint8_t>& out, std::string_view type, Bytes data);

/// Throws ImageError of kind malformed.
[[noreturn]] void throw_malformed_png(const std::string& name, const std::string& reason);

/// A zlib stream that is taken apart piece by piece and never held whole.
class Inflater {
 public:
  Inflater() { ok_ = inflateInit(&stream_) == Z_OK; }
  ~Inflater() {
    if (ok_) inflateEnd(&stream_);
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  /// Feeds `input`; `sink(piece)` returns false to stop. False on damaged data or when stopped.
  template <typename Sink>
  bool feed(Bytes input, Sink&& sink) {
    if (!ok_) return false;
    stream_.next_in = const_cast<Bytef*>(input.data());
    stream_.avail_in = uInt(input.size());
    while (!finished_) {
      stream_.next_out = buffer_.data();
      stream_.avail_out = uInt(buffer_.size());
      const int status = inflate(&stream_, Z_NO_FLUSH);
      const std::size_t got = buffer_.size() - stream_.avail_out;
      if (got > 0 && !sink(Bytes(buffer_.data(), got))) return false;
      if (status == Z_STREAM_END) {
        finished_ = true;
      } else if (status == Z_BUF_ERROR ||
                 (status == Z_OK && stream_.avail_in == 0 && stream_.avail_out != 0)) {
        break;  // all input taken
      } else if (status != Z_OK) {
        return false;
      }
    }
    return true;
  }
  /// Whether the stream's end, and with it its checksum, was reached.
  bool finished() const { return finished_; }

 private:
  z_stream stream_{};
  bool ok_ = false;
  bool finished_ = false;
  std::array<std::uint8_t, 16'384> buffer_;
};

}  // namespace lacuna::vision

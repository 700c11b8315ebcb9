#include "tests/architecture/source_tree.h"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <utility>

namespace lacuna::architecture {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSourceFolders[] = {"text",  "vision", "fusion", "runtime",
                                               "tools", "tests",  "shaders"};

bool is_identifier(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// Copies text while blanking; keeps the newlines so that line numbers stay true.
class Stripper {
 public:
  explicit Stripper(std::string_view text) : text_(text) {}

  std::string run() {
    while (at_ < text_.size()) {
      if (starts("//")) {
        blank_until(line_end());
      } else if (starts("/*")) {
        blank_until(after("*/", at_ + 2));
      } else if (is_raw_string()) {
        keep(2);  // R"
        const std::size_t open = text_.find('(', at_);
        if (open == std::string_view::npos) break;
        const std::string close = ")" + std::string(text_.substr(at_, open - at_)) + "\"";
        blank_until(after(close, open + 1));
      } else if (text_[at_] == '"') {
        quoted('"');
      } else if (text_[at_] == '\'' && (at_ == 0 || !is_identifier(text_[at_ - 1]))) {
        quoted('\'');  // a ' after a digit separates thousands
      } else {
        keep(1);
      }
    }
    return std::move(out_);
  }

 private:
  bool starts(std::string_view what) const { return text_.substr(at_).starts_with(what); }
  std::size_t line_end() const { return std::min(text_.find('\n', at_), text_.size()); }
  bool is_raw_string() const {
    return starts("R\"") &&
           (at_ == 0 || !is_identifier(text_[at_ - 1]) || text_[at_ - 1] == 'u' ||
            text_[at_ - 1] == '8' || text_[at_ - 1] == 'L' || text_[at_ - 1] == 'U');
  }
  std::size_t after(std::string_view what, std::size_t from) const {
    const std::size_t found = text_.find(what, from);
    return found == std::string_view::npos ? text_.size() : found + what.size();
  }
  void keep(std::size_t count) {
    out_.append(text_.substr(at_, count));
    at_ += count;
  }
  void blank_until(std::size_t end) {
    for (; at_ < end; ++at_) out_.push_back(text_[at_] == '\n' ? '\n' : ' ');
  }
  void quoted(char quote) {
    keep(1);
    while (at_ < text_.size() && text_[at_] != quote && text_[at_] != '\n') {
      blank_until(std::min(at_ + (text_[at_] == '\\' ? 2U : 1U), text_.size()));
    }
    if (at_ < text_.size()) keep(1);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string out_;
};

std::string_view trimmed_left(std::string_view text) {
  const std::size_t start = text.find_first_not_of(" \t");
  return start == std::string_view::npos ? std::string_view{} : text.substr(start);
}

bool has_extension(const fs::path& path, std::initializer_list<std::string_view> extensions) {
  const std::string extension = path.extension().string();
  return std::find(extensions.begin(), extensions.end(), extension) != extensions.end();
}

}  // namespace

std::string strip_comments_and_literals(std::string_view text) { return Stripper(text).run(); }

std::vector<Include> find_includes(std::string_view text) {
  // The header's name is blanked in the stripped text, so that one tells only which lines count.
  const std::string code = strip_comments_and_literals(text);
  std::vector<Include> includes;
  std::size_t start = 0;
  for (int line = 1; start < text.size(); ++line) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    std::string_view stripped = trimmed_left(std::string_view(code).substr(start, end - start));
    std::string_view original = text.substr(start, end - start);
    start = end + 1;
    if (!stripped.starts_with('#')) continue;
    stripped = trimmed_left(stripped.substr(1));
    if (!stripped.starts_with("include")) continue;
    original = trimmed_left(original.substr(original.find("include") + 7));
    const bool quoted = original.starts_with('"');
    if (!quoted && !original.starts_with('<')) continue;
    const std::size_t close = original.find(quoted ? '"' : '>', 1);
    if (close == std::string_view::npos) continue;
    includes.push_back({std::string(original.substr(1, close - 1)), quoted, line});
  }
  return includes;
}

SourceFile make_source_file(std::string path, std::string text) {
  SourceFile file;
  file.path = std::move(path);
  file.code = strip_comments_and_literals(text);
  file.includes = find_includes(text);
  file.text = std::move(text);
  return file;
}

std::string read_text(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in) throw std::runtime_error("[read_text] cannot read " + path.string());
  return text;
}

std::vector<SourceFile> read_source_tree(const fs::path& root) {
  std::vector<SourceFile> files;
  for (const std::string_view folder : kSourceFolders) {
    if (!fs::is_directory(root / folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      if (!entry.is_regular_file() || !has_extension(entry.path(), {".h", ".cpp"})) continue;
      files.push_back(make_source_file(fs::relative(entry.path(), root).generic_string(),
                                       read_text(entry.path())));
    }
  }
  std::sort(files.begin(), files.end(),
            [](const SourceFile& a, const SourceFile& b) { return a.path < b.path; });
  return files;
}

std::vector<std::string> list_documents(const fs::path& root) {
  std::vector<std::string> paths;
  auto walk = fs::recursive_directory_iterator(root);
  for (; walk != fs::recursive_directory_iterator(); ++walk) {
    const fs::path& path = walk->path();
    const std::string relative = fs::relative(path, root).generic_string();
    if (walk->is_directory()) {
      if (relative == ".git" || relative == "build" || relative == "demo-output") {
        walk.disable_recursion_pending();
      }
      continue;
    }
    if (!walk->is_regular_file()) continue;
    if (has_extension(path, {".md", ".txt", ".cmake", ".sh", ".py", ".mjs", ".js", ".toml"}) ||
        relative == "bootstrap" || relative == "CMakePresets.json" || relative == ".ci/run") {
      paths.push_back(relative);
    }
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

bool lies_in(std::string_view path, std::string_view folder) {
  return path.starts_with(folder) && path.size() > folder.size() && path[folder.size()] == '/';
}

}  // namespace lacuna::architecture

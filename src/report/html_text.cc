#include "report/html_text.h"

#include "base/terminal_text.h"

namespace chatload::report {

std::string html_text(std::string_view text, std::size_t bytes_max) {
  std::string html;
  for (const char c : terminal_text(text, bytes_max)) {
    switch (c) {
      case '&': html += "&amp;"; break;
      case '<': html += "&lt;"; break;
      case '>': html += "&gt;"; break;
      case '"': html += "&quot;"; break;
      case '\'': html += "&#39;"; break;
      default: html += c;
    }
  }
  return html;
}

}  // namespace chatload::report

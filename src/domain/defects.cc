#include "domain/defects.h"

namespace holdfast::defects {
namespace {

Defect present = Defect::none;

}  // namespace

void turn_on(Defect defect) {
  present = defect;
}

bool is_on(Defect defect) {
  return present == defect;
}

std::optional<Defect> parse(std::string_view name) {
#define HF_PARSE(each) \
  if (name == #each) return Defect::each;
  HF_ALL_DEFECTS(HF_PARSE)
#undef HF_PARSE
  return std::nullopt;
}

std::vector<std::string_view> names() {
#define HF_LIST(each) #each,
  return {HF_ALL_DEFECTS(HF_LIST)};
#undef HF_LIST
}

}  // namespace holdfast::defects

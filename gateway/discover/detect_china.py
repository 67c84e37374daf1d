"""Detectors for China. CJK letters are word characters, so digits are set apart by ASCII look-arounds."""

from __future__ import annotations

import re

from stdnum import luhn
from stdnum.cn import ric, uscc

from gateway.discover.detector import Detector, Sure, checked, pattern

_MOBILE = r"(?:(?:\+|00)?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}"
_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟"
    "汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文欧"
)
_NO_NAME = re.compile("[省市区县路街号楼室村镇厂店公司集团部门科技有限单件个年月日元号色款型米钢管板箱机器]")
_COMPANY = re.compile("[\u3400-\u9fffA-Za-z0-9()·]{2,60}(?:公司|集团|工厂|厂|事务所|合作社|商行|研究院|银行|中心)")
_AREA = re.compile("[省市区县州旗]")
_PLACE = re.compile("[路街道巷弄号栋幢楼室镇乡村]")
_HAN_NAME = re.compile("[\u4e00-\u9fff]{2,4}")
_HAN_TWICE = re.compile("[\u4e00-\u9fff]{2}")


def _person(text: str) -> bool:
    if not _HAN_NAME.fullmatch(text) or _NO_NAME.search(text):
        return False
    return text[0] in _SURNAMES or text[:2] in {"欧阳", "司马", "上官", "诸葛", "司徒", "东方"}


def _address(text: str) -> bool:
    return bool(_HAN_TWICE.search(text) and _AREA.search(text) and _PLACE.search(text)) and len(text) > 5  # noqa: PLR2004 - the shortest address


DETECTORS = (
    Detector(
        "cn-resident-id", "user.government_id.national_identification_number",
        "resident identity numbers of China (18 characters, date and checksum)", Sure.CHECKSUM,
        checked(r"\d{17}[\dXx]", lambda text: ric.is_valid(text.upper())),
        inside=re.compile(r"(?<![0-9A-Za-z])[1-9]\d{5}(?:19|20)\d{9}[\dXx](?![0-9A-Za-z])", re.ASCII),
    ),
    Detector(
        "cn-credit-code", "business.tax", "unified social credit codes of China (18 characters and checksum)",
        Sure.CHECKSUM, checked(r"[0-9A-HJ-NP-RTUWXY]{2}\d{6}[0-9A-HJ-NP-RTUWXY]{10}", uscc.is_valid),
    ),
    Detector(
        "cn-mobile", "user.contact.phone_number", "mobile numbers of China (11 digits from 13 to 19)", Sure.PATTERN,
        pattern(_MOBILE), inside=re.compile(rf"(?<![0-9A-Za-z]){_MOBILE}(?![0-9A-Za-z])", re.ASCII),
    ),
    Detector(
        "cn-landline", "user.contact.phone_number", "landline numbers of China (area code, 7 or 8 digits)",
        Sure.PATTERN,
        pattern(r"(?:\(0\d{2,3}\)|0\d{2,3}-)[ ]?[2-8]\d{6,7}(?:-\d{1,5})?"),
    ),
    Detector(
        "cn-plate", "user.government_id.vehicle_registration", "number plates of China, those of new energy included",
        Sure.PATTERN,
        pattern(
            rf"(?:[{_PROVINCES}][A-HJ-NP-Z][·. -]?(?:[A-HJ-NP-Z0-9]{{4}}[A-HJ-NP-Z0-9挂学警港澳]"
            rf"|[DF][A-HJ-NP-Z0-9]\d{{4}}|\d{{5}}[DF])|[使领]\d{{6}}|\d{{6}}[使领])"
        ),
    ),
    Detector(
        "cn-passport", "user.government_id.passport_number", "passports of China (a letter or two, 7 or 8 digits)",
        Sure.LOOSE, pattern(r"(?:[EGDSP]\d{8}|E[A-HJ-NP-Z]\d{7}|[DSP]E\d{7}|1[45]\d{7})"), asks=True,
    ),
    Detector(
        "cn-bank-card", "user.financial.bank_account", "bank cards of China (62, 16 to 19 digits and checksum)",
        Sure.CHECKSUM, checked(r"62\d{14,17}", luhn.is_valid),
    ),
    Detector("cn-name", "user.name", "Chinese names (2 to 4 characters, a common family name first)", Sure.LOOSE,
    _person),
    Detector("cn-address", "user.contact.address", "Chinese addresses (an area, then a street, house or room)",
             Sure.PATTERN, _address),
    Detector("cn-company", "user.contact.organization", "names of Chinese companies (by their endings)", Sure.PATTERN,
             lambda text: _COMPANY.fullmatch(text) is not None),
)  # fmt: skip

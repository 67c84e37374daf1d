using shop from '../db/schema';

service ShopService @(path: '/odata/v4/shop') {
  entity Customers as projection on shop.Customers;
  entity Orders    as projection on shop.Orders;
}
